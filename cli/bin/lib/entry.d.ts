export type Role = 'hedge' | 'root' | 'cluster' | 'worker' | 'node-engine' | 'net-manager';
export const SOURCES: Readonly<Record<Role, string>>;
export const ROLES: readonly Role[];
export function entryOf(role: Role, root?: string): string;
export function flagsOf(role: Role, args: readonly string[]): string[];
