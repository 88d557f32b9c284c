/** Makes a folder, and those above it, with names that a power cut does not take away. */
import type { FileSystem } from './file.ts';

export function makeFolder(fileSystem: FileSystem, path: string): void {
  if (fileSystem.exists(path)) return;
  const cut = path.lastIndexOf('/');
  const parent = cut < 0 ? '.' : cut === 0 && path.length > 1 ? '/' : path.slice(0, cut);
  if (parent !== '.' && parent !== '/' && parent !== '') makeFolder(fileSystem, parent);
  fileSystem.mkdir(path);
  fileSystem.fsyncDir(parent);
}
