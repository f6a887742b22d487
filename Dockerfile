# The same app as `make run`, listening on all interfaces of the container only.
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
# The CPU build of torch: the default wheel carries gigabytes of CUDA libraries.
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
        -r requirements.txt
COPY . .
RUN useradd --create-home almanac && mkdir -p /var/almanac && chown almanac /var/almanac
USER almanac
ENV ALMANAC_VAR=/var/almanac OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0
VOLUME /var/almanac
EXPOSE 8501
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health')"
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0"]
