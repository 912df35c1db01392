import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the bytes of original files are kept, by a name of our own. */
export interface Originals {
  read(name: string): Promise<Buffer | null>;
  write(name: string, bytes: Buffer): Promise<void>;
}

export function originalsInFolder(folder: string): Originals {
  return {
    async read(name) {
      try {
        return await readFile(join(folder, name));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
    },
    async write(name, bytes) {
      await mkdir(folder, { recursive: true });
      // Written aside first, so that a start that was cut short leaves no half picture behind.
      const aside = join(folder, `${name}.part`);
      await writeFile(aside, bytes);
      await rename(aside, join(folder, name));
    },
  };
}

export function originalsInMemory(): Originals {
  const kept = new Map<string, Buffer>();
  return {
    read: async (name) => kept.get(name) ?? null,
    write: async (name, bytes) => {
      kept.set(name, bytes);
    },
  };
}
