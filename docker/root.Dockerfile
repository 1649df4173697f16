# docker build -f docker/root.Dockerfile -t hedgerow/root .
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG BUNDLE=source
WORKDIR /src
COPY . .
RUN sh docker/bundle.sh "$BUNDLE"

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Hedgerow root" \
      org.opencontainers.image.description="System Manager: API and page, clusters dial it" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/root /opt/hedgerow
RUN ln -s /opt/hedgerow/cli/bin/hedge.js /usr/local/bin/hedge \
 && install -d -o node -g node -m 0700 /var/lib/hedgerow/root \
 && install -d -o node -g node -m 0750 /run/hedgerow
ENV ROOT_HOST=0.0.0.0
USER node
EXPOSE 10000
VOLUME /var/lib/hedgerow/root
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/opt/hedgerow/health.mjs", "MY_PORT", "10000"]
ENTRYPOINT ["node", "/opt/hedgerow/cli/bin/hedge.js", "root"]
