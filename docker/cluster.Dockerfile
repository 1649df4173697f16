# docker build -f docker/cluster.Dockerfile -t hedgerow/cluster .
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG BUNDLE=source
WORKDIR /src
COPY . .
RUN sh docker/bundle.sh "$BUNDLE"

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Hedgerow cluster" \
      org.opencontainers.image.description="Cluster Manager of one site, with its own MQTT broker" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/cluster /opt/hedgerow
RUN ln -s /opt/hedgerow/cli/bin/hedge.js /usr/local/bin/hedge \
 && install -d -o node -g node -m 0700 /var/lib/hedgerow/cluster \
 && install -d -o node -g node -m 0750 /run/hedgerow
ENV CLUSTER_HOST=0.0.0.0
USER node
EXPOSE 10100 10003
VOLUME /var/lib/hedgerow/cluster
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/opt/hedgerow/health.mjs", "MY_PORT", "10100"]
ENTRYPOINT ["node", "/opt/hedgerow/cli/bin/hedge.js", "cluster"]
