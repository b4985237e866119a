"""recmia: what recommenders leak about the people they learned from."""

import warnings

__version__ = "0.1.0"

# Merlin says on every import that TensorFlow and Triton, which nothing here uses, are not there.
warnings.filterwarnings("ignore", message=r"(Tensorflow|Triton) dtype mappings did not load")
