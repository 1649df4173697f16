/** How applications, services, jobs and clusters may be named: files, containers and host names are made of it. */

/** Of applications, services and namespaces; letters and digits, so that a job name is four parts joined by dots. */
export const NAME_PATTERN = '^[a-zA-Z0-9]{1,30}$';

const NAME = new RegExp(NAME_PATTERN);

/** `<application>.<namespace>.<service>.<namespace>` */
export function isJobName(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every(part => NAME.test(part));
}

/** Architectures have several names; ours are those of container images (Go's GOARCH). */
export function architectureOf(word: string): string {
  const other: Record<string, string> = { x86_64: 'amd64', x64: 'amd64', aarch64: 'arm64', armhf: 'arm' };
  const small = word.trim().toLowerCase();
  return other[small] ?? small;
}

/** For messages: what `isClusterName` takes. */
export const CLUSTER_NAME_RULE = '1 to 63 letters, digits, "-", "_" or "." that begin with a letter or digit';

export function isClusterName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text);
}
