/** Bytes that were read for a page are believed only when they say so themselves. */
import { SqlError } from '../../types/errors.ts';
import { PAGE_SIZE } from '../limits.ts';
import { type PageMemory, pageNumber, pageRelationId, storedPageChecksum } from '../page/index.ts';

interface FileNames {
  pathOf(relId: number): string;
}

/** What is wrong with the `count` bytes at `base` that were read from the relation's file as one of its pages, or null. */
export function damageOf(
  pages: PageMemory,
  base: number,
  count: number,
  relId: number,
  pageNo: number,
  files: FileNames,
): SqlError | null {
  if (count < PAGE_SIZE) {
    const read = Math.max(0, count);
    return new SqlError(
      'XX001',
      `could not read block ${pageNo} in file "${files.pathOf(relId)}": read only ${read} of ${PAGE_SIZE} bytes`,
    );
  }
  if (storedPageChecksum(pages.u8, base) !== pages.checksum(base))
    return invalidPage(relId, pageNo, files.pathOf(relId), 'its checksum is wrong');
  const ownRelation = pageRelationId(pages.u32, base);
  const ownNumber = pageNumber(pages.u32, base);
  if (ownRelation === relId && ownNumber === pageNo) return null;
  return invalidPage(relId, pageNo, files.pathOf(relId), `it is page ${ownNumber} of relation ${ownRelation}`);
}

function invalidPage(relId: number, pageNo: number, file: string, why: string): SqlError {
  return new SqlError('XX001', `invalid page in block ${pageNo} of relation base/${relId}`, {
    detail: `In file "${file}", ${why}.`,
  });
}
