/** An archive in the format that the kernel unpacks as its first file system ("newc"). Source: the kernel's documentation of initramfs buffers. */

export interface ArchiveFile {
  /** Without a slash before it. Folders are not made: names are flat. */
  readonly name: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const MAGIC = "070701";
const REGULAR = 0o100000;
const TRAILER: ArchiveFile = { name: "TRAILER!!!", mode: 0, bytes: new Uint8Array() };

export function archive(files: readonly ArchiveFile[]): Buffer {
  return Buffer.concat([...files, TRAILER].flatMap((file, i) => entry(file, i + 1)));
}

/** Head and name together, and the bytes, each up to a multiple of four. */
function entry({ name, mode, bytes }: ArchiveFile, inode: number): Buffer[] {
  const fields = [inode, REGULAR | mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = Buffer.from(`${MAGIC}${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`, "latin1");
  return [padded(head), padded(bytes)];
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, new Uint8Array(-bytes.length & 3)]);
}
