# Runs under any user id, and with a read-only root: only /tmp is written.
FROM python:3.12-slim

ENV HOME=/tmp \
    HF_HOME=/tmp/huggingface \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    MALLOC_ARENA_MAX=2 \
    OMP_WAIT_POLICY=PASSIVE \
    PYTHONUNBUFFERED=1
WORKDIR /opt/glyffuser

COPY requirements.txt constraints.txt ./
# for a CPU-only torch: docker build --build-arg PIP_INDEX_URL=... with an index that has one
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
RUN pip install --no-cache-dir --constraint constraints.txt $(grep '^torch==' constraints.txt) \
 && pip install --no-cache-dir --constraint constraints.txt --requirement requirements.txt

COPY app.py ./
COPY glyffuser glyffuser
COPY checkpoints checkpoints

VOLUME /tmp
USER 1000
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/health', timeout=4)"
CMD ["python", "app.py"]
