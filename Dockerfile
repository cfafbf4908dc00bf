# signfleet as a container: docker build -t signfleet . && docker run -p 8080:8080 -v signfleet:/data signfleet
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m pip install --no-cache-dir --no-deps --require-hashes --target /opt/signfleet -r requirements/runtime.txt
COPY docs docs
COPY src/signfleet src/signfleet
# The guides of the package are links to those of docs.
RUN cp -rL src/signfleet /opt/signfleet/signfleet

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home signfleet && chmod 700 /data
COPY --from=build /opt/signfleet /opt/signfleet
ENV PYTHONPATH=/opt/signfleet PYTHONDONTWRITEBYTECODE=1 SIGNFLEET_DATA=/data SIGNFLEET_HOST=0.0.0.0
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
ENTRYPOINT ["python", "-P", "-m", "signfleet"]
CMD ["serve"]
