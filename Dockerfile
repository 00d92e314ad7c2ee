# Both bases are CPython 3.13, so what the first compiles the second can load.
ARG BUILD_IMAGE=docker.io/library/python:3.13-slim@sha256:70729b46c69b4f1e97c4822c1af3df53a1476cf5ddc6c087c0c10bc3a5678c2f
ARG RUNTIME_IMAGE=gcr.io/distroless/python3-debian13:nonroot@sha256:83aa8d4f74a4d7f7cf2d472054139bef71a927b76c680c0f2e1021d6b1d6d732

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY requirements/run.txt ./
RUN python3 -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \
      --require-hashes --only-binary=:all: --target=/app --requirement=run.txt
COPY src/redeliver /app/redeliver
# Types and tests serve nobody here: actions-toolkit brings a package that is even called "tests". Bytecode that is
# never checked against its source saves a look at every file, on a file system that cannot change anyway.
RUN find /app -name '*.pyi' -delete && rm -rf /app/bin /app/tests /app/certifi/tests \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="Redeliver Action" \
      org.opencontainers.image.description="Finds failed GitHub webhook deliveries, redelivers them, and reports the result" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /app /app
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
# -P and -s: no code from the working or the home directory. Not -I: that would ignore PYTHONPATH too.
ENTRYPOINT ["/usr/bin/python3", "-P", "-s", "-m", "redeliver"]
