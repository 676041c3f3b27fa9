# The pipe's image: one static binary, and the licences of what is in it.
#
# Another base can be named by its digest: `--build-arg RUST=rust:1.95-slim-bookworm@sha256:…` (see RELEASING.md).
ARG RUST=rust:1.95-slim-bookworm

FROM ${RUST} AS build
WORKDIR /src
# `musl` refuses a build without it; else glibc is linked where musl can't be had.
ARG LIBC=
COPY release/toolchain.sh /
RUN sh /toolchain.sh || [ "$LIBC" != musl ]
# What comes in is listed in .dockerignore.
COPY . .
RUN LIBC="$LIBC" sh release/content.sh /out

FROM scratch
ARG REVISION=
LABEL org.opencontainers.image.title="teamcity-pipe" \
      org.opencontainers.image.description="Queues TeamCity builds from Bitbucket Pipelines and follows them" \
      org.opencontainers.image.vendor="teamcity-pipe" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://bitbucket.org/teamcity-pipe/teamcity-pipe" \
      org.opencontainers.image.documentation="https://bitbucket.org/teamcity-pipe/teamcity-pipe/src/main/README.md" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/ /
# An absolute path: Pipelines sets the working directory to the clone.
ENTRYPOINT ["/teamcity-pipe"]
