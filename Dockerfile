# The pipe's image: one static binary, and nothing else that runs.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# glibc inside the binary: the last stage has no libraries.
ENV RUSTFLAGS="-C target-feature=+crt-static"
COPY Cargo.toml Cargo.lock ./
# Cargo wants every member of the workspace, though it builds only the pipe.
COPY tests/simulator tests/simulator
COPY src src
# The target is named because the flag above would else reach the compiler's plug-ins, which must be dynamic.
RUN target="$(uname -m)-unknown-linux-gnu" \
 && cargo build --release --locked --package teamcity-pipe --bin teamcity-pipe --target "$target" \
 && cp "target/$target/release/teamcity-pipe" /pipe

FROM scratch
LABEL org.opencontainers.image.title="teamcity-pipe" \
      org.opencontainers.image.description="Queues TeamCity builds from Bitbucket Pipelines and follows them" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /pipe /pipe
COPY LICENSE README.md pipe.yml /
# An absolute path: Pipelines sets the working directory to the clone.
ENTRYPOINT ["/pipe"]
