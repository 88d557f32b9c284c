/** Makes a file whole: written beside, synced, renamed over the old one, and the name made durable. */
import type { FileSystem } from './file.ts';

export function replaceFile(fileSystem: FileSystem, directory: string, name: string, bytes: Uint8Array): void {
  const path = `${directory}/${name}`;
  const temporary = `${path}.new`;
  fileSystem.unlink(temporary);
  const file = fileSystem.open(temporary, 'create');
  try {
    file.writeSync(bytes, 0, bytes.length, 0);
    file.fdatasyncSync();
  } finally {
    file.close();
  }
  fileSystem.rename(temporary, path);
  fileSystem.fsyncDir(directory);
}
