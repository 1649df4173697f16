export type Role = 'hedge' | 'root' | 'cluster' | 'worker' | 'node-engine' | 'net-manager';
export const SOURCES: Readonly<Record<Role, string>>;
export const ROLES: readonly Role[];
export type From = 'newest' | 'source' | 'bundle';
export function entryOf(role: Role, from?: From, root?: string): string;
export function flagsOf(role: Role, args: readonly string[]): string[];
export function environmentOf(role: Role, args: readonly string[]): Record<string, string>;
export function newestSource(root: string): number;
