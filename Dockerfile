# The images of `make image`, for those who have a container engine:
#
#   docker build --target operator --tag nimbus-operator .
#   docker build --target sandbox --tag nimbus-sandbox .
#   docker buildx build --platform linux/amd64,linux/arm64 --target operator .

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# For --version, since the context has no git: --build-arg NIMBUS_COMMIT=$(git rev-parse --short=12 HEAD)
ARG NIMBUS_COMMIT=""
RUN target=$(rustc -vV | sed -n 's/^host: //p') \
 && export RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$CARGO_HOME=/cargo" \
 && cargo build --release --locked --target "$target" --package nimbus-operator --bins \
 && cargo build --release --locked --target "$target" --package nimbus-sandbox --bins \
 && mkdir -p /image/operator/etc/ssl/certs /image/sandbox \
 && cp /etc/ssl/certs/ca-certificates.crt /image/operator/etc/ssl/certs/ \
 && cp "target/$target/release/nimbus-operator" /image/operator/ \
 && cp "target/$target/release/nimbus-sandbox" /image/sandbox/

FROM scratch AS sandbox
LABEL org.opencontainers.image.title="nimbus-sandbox" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/sandbox/ /
USER 65532:65532
ENTRYPOINT ["/nimbus-sandbox"]

FROM scratch AS operator
LABEL org.opencontainers.image.title="nimbus-operator" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/operator/ /
USER 65532:65532
ENTRYPOINT ["/nimbus-operator"]
