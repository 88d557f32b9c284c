export { mappedBuffer, mappedMemory } from './mapped.ts';
export { releaseBuffer } from './release.ts';
