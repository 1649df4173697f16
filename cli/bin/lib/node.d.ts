export const OLDEST: number;
export function pinnedNode(from: string): string | undefined;
export function nodeMissing(): string;
