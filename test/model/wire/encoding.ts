/** The bytes of the stream's messages, as gRPC makes them: a field that is not in the .proto does not arrive. */

import { loadSync } from '@grpc/proto-loader';
import {
  type FromCluster,
  type FromRoot,
  LINK_LOADER_OPTIONS,
  LINK_SERVICE,
  linkProtoPath,
} from '@hedgerow/protos';

export interface Encoding {
  writeFromCluster(message: FromCluster): Buffer;
  readFromCluster(bytes: Buffer): FromCluster;
  writeFromRoot(message: FromRoot): Buffer;
  readFromRoot(bytes: Buffer): FromRoot;
}

interface Method {
  requestSerialize(message: FromCluster): Buffer;
  requestDeserialize(bytes: Buffer): FromCluster;
  responseSerialize(message: FromRoot): Buffer;
  responseDeserialize(bytes: Buffer): FromRoot;
}

export function loadEncoding(): Encoding {
  const service = loadSync(linkProtoPath(), LINK_LOADER_OPTIONS)[LINK_SERVICE];
  const method = (service as unknown as Record<string, Method>).Connect;
  if (!method) throw new TypeError(`${LINK_SERVICE} has no Connect`);
  return {
    writeFromCluster: message => method.requestSerialize(message),
    readFromCluster: bytes => method.requestDeserialize(bytes),
    writeFromRoot: message => method.responseSerialize(message),
    readFromRoot: bytes => method.responseDeserialize(bytes),
  };
}
