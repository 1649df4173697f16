const TAB = '\t';
const ESCAPE = '\u001b';
/** A control character, with what makes it a colour or another look of text. */
const CONTROL = /\p{Cc}(?:\[[\d;:]*m)?/gu;
const PLAIN = `${ESCAPE}[0m`;

/** A line that a program printed: it keeps its colours to itself and steers the terminal in no other way. */
export function printed(line: string): string {
  let coloured = false;
  const text = line.replace(CONTROL, found => {
    const look = found.length > 1 && found.startsWith(ESCAPE);
    coloured ||= look;
    return look || found === TAB ? found : shown(found);
  });
  return coloured ? text + PLAIN : text;
}

function shown(found: string): string {
  return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}${found.slice(1)}`;
}
