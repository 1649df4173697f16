export function isStatic(file: string): boolean;
