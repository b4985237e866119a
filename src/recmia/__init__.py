"""recmia: what recommenders leak about the people they learned from."""

import warnings

__version__ = "0.1.0"

# What libraries say on every import or use of things that nothing here lacks: notebooks show it in
# red. TensorFlow and Triton are not asked for, progress is drawn as text, and which engine runs
# NVTabular stands in the report of preprocessing.
for message in (
    r"(Tensorflow|Triton) dtype mappings did not load",
    r"IProgress not found",
    r"Initializing an NVTabular Dataset in CPU mode",
):
    warnings.filterwarnings("ignore", message=message)
