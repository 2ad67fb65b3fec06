FROM python:3.12-slim

RUN useradd --create-home --uid 1000 user
USER user
ENV HOME=/home/user \
    PATH=/home/user/.local/bin:$PATH \
    HF_HOME=/home/user/.cache/huggingface \
    GRADIO_TEMP_DIR=/home/user/.cache/gradio \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    OMP_WAIT_POLICY=PASSIVE \
    PYTHONUNBUFFERED=1
WORKDIR /home/user/glyffuser

COPY --chown=user requirements.txt constraints.txt ./
# for a CPU-only torch: docker build --build-arg PIP_INDEX_URL=... with an index that has one
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
RUN pip install --user --no-cache-dir --constraint constraints.txt $(grep '^torch==' constraints.txt) \
 && pip install --user --no-cache-dir --constraint constraints.txt --requirement requirements.txt

COPY --chown=user app.py ./
COPY --chown=user glyffuser glyffuser
COPY --chown=user checkpoints checkpoints

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/config', timeout=4)"
CMD ["python", "app.py"]
