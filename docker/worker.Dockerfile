# Runs as root, privileged, with the network and the processes of the host: docs/compose.md.
# docker build -f docker/worker.Dockerfile -t hedgerow/worker .
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG BUNDLE=source
WORKDIR /src
COPY . .
RUN sh docker/bundle.sh "$BUNDLE"

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Hedgerow worker" \
      org.opencontainers.image.description="Node Engine and Net Manager: runs containers on the Docker Engine whose socket it gets" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/worker /opt/hedgerow
RUN sh /opt/hedgerow/programs.sh \
 && ln -s /opt/hedgerow/cli/bin/hedge.js /usr/local/bin/hedge \
 && install -d -m 0700 /var/lib/hedgerow/worker
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/opt/hedgerow/health.mjs", "STATUS_LISTEN", "127.0.0.1:10200"]
ENTRYPOINT ["sh", "/opt/hedgerow/worker.sh"]
