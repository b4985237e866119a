# The study on a GPU, in the Merlin PyTorch container (Python 3.10). See docs/containers.md.
#
#   docker build --tag recmia --build-arg UID=$(id -u) .
#   docker run --rm --gpus all --shm-size 4g -v "$PWD/data:/home/recmia/study/data" \
#       -v "$PWD/artifacts:/home/recmia/study/artifacts" \
#       -v "$PWD/reports:/home/recmia/study/reports" recmia
ARG BASE=nvcr.io/nvidia/merlin/merlin-pytorch:23.12
FROM ${BASE}

# What the container's makers built to work together with its CUDA and cuDF, and what belongs to it.
# These stay as they are; everything else in requirements.lock is installed at the pinned version.
ARG CONTAINERS_OWN="torch torchmetrics lightning-utilities sympy mpmath networkx fsspec \
    transformers tokenizers huggingface-hub hf-xet accelerate \
    transformers4rec merlin-core merlin-dataloader merlin-models nvtabular npy-append-array \
    dask dask-cuda distributed rapids-dask-dependency pynvml \
    cloudpickle locket msgpack partd sortedcontainers tblib toolz zict \
    numpy pandas pyarrow scipy scikit-learn numba llvmlite matplotlib contourpy kiwisolver \
    protobuf tensorflow-metadata betterproto grpclib stringcase"

USER root
ENV VIRTUAL_ENV=/opt/recmia
ENV PATH=${VIRTUAL_ENV}/bin:${PATH}

# An environment on top of the container's Python leaves that one untouched. What the container puts
# on PYTHONPATH would hide the newer packages installed here, so those folders go behind them.
RUN python3 -m venv --without-pip --system-site-packages "$VIRTUAL_ENV" \
 && site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
 && printf '%s\n' "$PYTHONPATH" | tr ':' '\n' > "$site/container.pth" \
 && PYTHONPATH= python -m pip install --no-cache-dir pip==25.3
ENV PYTHONPATH=

WORKDIR /home/recmia/study
COPY requirements-hashed.lock requirements-text.lock ./
RUN own=$(echo $CONTAINERS_OWN | tr ' ' '|') \
 && grep -vE "^($own)==" requirements-hashed.lock > /tmp/missing.txt \
 && pip install --no-cache-dir --no-deps --require-hashes -r /tmp/missing.txt \
 && pip install --no-cache-dir --no-deps --require-hashes -r requirements-text.lock \
 && rm /tmp/missing.txt

ARG UID=1000
RUN useradd --create-home --non-unique --uid "$UID" --home-dir /home/recmia recmia \
 && mkdir -p data artifacts reports
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && python -m ipykernel install --sys-prefix --name recmia --display-name "Python (recmia)" \
 && chown -R recmia: /home/recmia

USER recmia
# The base image points these at a folder that root may own.
ENV HOME=/home/recmia \
    JUPYTER_CONFIG_DIR=/home/recmia/.jupyter \
    JUPYTER_DATA_DIR=/home/recmia/.jupyter \
    JUPYTER_RUNTIME_DIR=/home/recmia/.jupyter/runtime

# The build fails here rather than the first run where a package is missing or does not fit.
RUN python -c "import implicit, jupyterlab, matplotlib, nvtabular, papermill, pooch, pydantic, seaborn, \
sklearn, torch, transformers4rec.torch, typer; import recmia.cli; print('imports: fine')" \
 && recmia --help > /dev/null

VOLUME ["/home/recmia/study/data", "/home/recmia/study/artifacts", "/home/recmia/study/reports"]
EXPOSE 8888
CMD ["recmia", "run"]
