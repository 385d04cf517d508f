/** Text that comes in pieces, as lines. */

/** Gives each whole line as it comes. `tooLong` is called once a line without end has more than `most` characters. */
export function splitLines(most: number, line: (text: string) => void, tooLong: (start: string) => void): (piece: string) => void {
  let rest = "";
  let given = false;
  return (piece) => {
    if (given) return;
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part.trim() !== "") line(part.endsWith("\r") ? part.slice(0, -1) : part);
    if (rest.length <= most) return;
    given = true;
    tooLong(rest);
  };
}
