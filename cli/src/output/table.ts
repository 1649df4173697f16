/** One column: its heading and what it shows of a row. */
export interface Column<T> {
  title: string;
  of: (row: T) => string | number;
}

/** Rows under headings, two spaces apart; numbers to the right. Control characters are shown, not sent to the terminal. */
export function formatTable<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = rows.map(row => columns.map(column => column.of(row)));
  const right = columns.map((_, at) => cells.length > 0 && cells.every(row => typeof row[at] === 'number'));
  const lines = [columns.map(column => column.title), ...cells].map(line => line.map(printable));
  const widths = columns.map((_, at) => Math.max(...lines.map(line => line[at]?.length ?? 0)));
  return lines
    .map(line =>
      line
        .map((cell, at) => (right[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('');
}

function printable(cell: string | number): string {
  const text = String(cell).replace(/\p{Cc}/gu, character => JSON.stringify(character).slice(1, -1));
  return text === '' ? '-' : text;
}
