/** A page for human eyes: header line, then one line a slot with the first bytes of its row. */
import { PAGE_SIZE } from '../limits.ts';
import { verifyPageChecksum } from './checksum.ts';
import {
  checkPage,
  PAGE_CRC_OFFSET,
  type PageViews,
  pageFlags,
  pageFreeSlots,
  pageHoles,
  pageLower,
  pageLsn,
  pageNumber,
  pageRelationId,
  pageSlotCount,
  pageUpper,
  slotCapacity,
  slotOffset,
} from './page.ts';

const BYTES_SHOWN = 24;

export function dumpPage(views: PageViews, base: number): string {
  const { u8, u16, u32, f64 } = views;
  const crc = u32[(base + PAGE_CRC_OFFSET) >>> 2];
  const lines = [
    `page ${pageNumber(u32, base)} of relation ${pageRelationId(u32, base)}: kind ${pageFlags(u16, base) & 255}, ` +
      `lsn ${pageLsn(f64, base).toString(16)}, crc ${crc.toString(16)} (${verifyPageChecksum(u8, base) ? 'right' : 'not stamped or wrong'})`,
    `slots ${pageSlotCount(u16, base)} (${pageFreeSlots(u16, base)} free), lower ${pageLower(u16, base)}, ` +
      `upper ${pageUpper(u16, base)}, holes ${pageHoles(u16, base)}`,
  ];
  const fault = checkPage(views, base);
  if (fault !== null) lines.push(`damaged: ${fault}`);
  const count = Math.min(pageSlotCount(u16, base), PAGE_SIZE / 4);
  for (let slot = 0; slot < count; slot++) {
    const offset = slotOffset(u16, base, slot);
    if (offset === 0) {
      lines.push(`  ${slot}: free`);
      continue;
    }
    const capacity = slotCapacity(u16, base, slot);
    const bytes = Buffer.from(u8.subarray(base + offset, base + offset + Math.min(capacity, BYTES_SHOWN)));
    lines.push(`  ${slot}: ${offset}+${capacity} ${bytes.toString('hex')}${capacity > BYTES_SHOWN ? '...' : ''}`);
  }
  return lines.join('\n');
}
