/** An answer that is JSON already, as bytes: sent as it is. */
export class Json {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}
