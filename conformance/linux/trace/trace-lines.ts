/** The lines of a trace, as tracefs writes them. */

/** What one probe told. */
export interface Told {
  /** The thread, as the kernel numbers it. */
  readonly tid: number;
  readonly name: string;
  /** The fields by name; those of an array are numbered. */
  readonly fields: Readonly<Record<string, bigint>>;
}

/** Part of a trace is missing, or cannot be read: what is there is not to be trusted. */
export class TraceLost extends Error {
  constructor(what: string) {
    super(`the kernel's trace is not complete: ${what}`);
  }
}

/** As `  agent-1  [000] ...1.  36: mutex_lock: (kvm_vm_ioctl+0x68d/0xde0 [kvm] <- mutex_lock) lock=0xff.. got=0` */
const LINE = /^ *.*-(\d+) +\[\d+\] \S+ +\d+: (\w+): \(.*?\) ?(.*)$/;
const LOST = /LOST (\d+) EVENTS/;

/** @throws TraceLost if a line says that others are missing, or is not one that a probe writes */
export function toldBy(text: string): Told[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const lost = LOST.exec(line);
    if (lost !== null) throw new TraceLost(`${lost[1]} events were overwritten before they were read`);
    const [, tid, name, rest] = LINE.exec(line) ?? [];
    if (tid === undefined || name === undefined || rest === undefined) throw new TraceLost(`this line is none of a probe's: ${line}`);
    return { tid: Number(tid), name, fields: fieldsOf(rest) };
  });
}

/** As `lock=0xff.. got=-4 regs={0x0,0x1}`. */
function fieldsOf(text: string): Record<string, bigint> {
  const fields: Record<string, bigint> = {};
  for (const field of text === "" ? [] : text.split(" ")) {
    const [name = "", value = ""] = field.split("=");
    if (!value.startsWith("{")) fields[name] = numberOf(value);
    else
      value
        .slice(1, -1)
        .split(",")
        .forEach((each, i) => (fields[`${name}${i}`] = numberOf(each)));
  }
  return fields;
}

function numberOf(text: string): bigint {
  if (!/^(0x[0-9a-f]+|-?\d+)$/.test(text)) throw new TraceLost(`"${text}" is no number`);
  return BigInt(text);
}
