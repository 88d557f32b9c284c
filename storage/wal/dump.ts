/** The log for human eyes: one line a record, and why it ends where it does. */

import { PAGE_SIZE } from '../limits.ts';
import {
  PAGE_ITEM_IMAGE,
  PAGE_ITEM_NOTE,
  PAGE_ITEM_RANGE,
  pageItemHigh,
  pageItemLow,
  pageItemType,
} from './page-items.ts';
import { readWal, type WalReadOptions } from './reader.ts';
import {
  readAbort,
  readCatalog,
  readCommit,
  readRelation,
  readRelationCopy,
  readSequence,
  readTimeline,
  WAL_ABORT,
  WAL_CATALOG,
  WAL_CHECKPOINT,
  WAL_COMMIT,
  WAL_PAGES,
  WAL_RELATION_COPY,
  WAL_RELATION_CREATE,
  WAL_RELATION_DROP,
  WAL_RELATION_TRUNCATE,
  WAL_SEQUENCE,
  WAL_SWITCH,
  WAL_TIMELINE,
  type WalRecord,
  walKindName,
} from './records.ts';

export function dumpWal(options: WalReadOptions, writeLine: (line: string) => void): void {
  const end = readWal(options, (record) => writeLine(dumpRecord(record)));
  writeLine(`${hex(end.lsn)} ${end.reason}, after ${end.recordCount} records`);
}

function dumpRecord(record: WalRecord): string {
  const head = `${hex(record.lsn)} ${walKindName(record.kind)} ${record.length} bytes`;
  return `${head}${record.xid === 0 ? '' : ` xid ${record.xid}`}${dumpBody(record)}`;
}

function dumpBody(record: WalRecord): string {
  switch (record.kind) {
    case WAL_PAGES:
      return dumpItems(record);
    case WAL_COMMIT: {
      const { xids, csn, droppedRelations, rowChanges } = readCommit(record);
      const drops = droppedRelations.length === 0 ? '' : `, drops relations ${droppedRelations.join(' ')}`;
      const rows = rowChanges.map(([relId, change]) => `, ${change} rows in ${relId}`).join('');
      return `: csn ${csn}, xids ${xids.join(' ')}${drops}${rows}`;
    }
    case WAL_ABORT:
      return `: xids ${readAbort(record).join(' ')}`;
    case WAL_CATALOG: {
      const { key, bytes } = readCatalog(record);
      return `: ${JSON.stringify(key)} ${bytes === null ? 'removed' : `${bytes.length} bytes`}`;
    }
    case WAL_SEQUENCE: {
      const { id, lastValue, isCalled } = readSequence(record);
      return `: ${id} at ${lastValue}${isCalled ? '' : ', not called'}`;
    }
    case WAL_RELATION_COPY: {
      const { relationId, sourceId, pageCount } = readRelationCopy(record);
      return `: ${relationId} of ${sourceId}, ${pageCount} pages`;
    }
    case WAL_RELATION_CREATE:
    case WAL_RELATION_DROP:
      return `: ${readRelation(record).relationId}`;
    case WAL_RELATION_TRUNCATE: {
      const { relationId, pageCount } = readRelation(record);
      return `: ${relationId} to ${pageCount} pages`;
    }
    case WAL_CHECKPOINT:
      return `: redo from ${hex(record.f64())}, number ${record.f64()}`;
    case WAL_SWITCH:
      return `: on to ${hex(record.endLsn)}`;
    case WAL_TIMELINE: {
      const { timeline, parent } = readTimeline(record);
      return `: ${timeline}, after ${parent}`;
    }
    default:
      return `: ${record.end - record.position} bytes of body`;
  }
}

function dumpItems(record: WalRecord): string {
  let text = '';
  while (record.end - record.position >= 12) {
    const page = `${record.u32()}/${record.u32()}`;
    const packed = record.u32();
    const low = pageItemLow(packed);
    const high = pageItemHigh(packed);
    if (pageItemType(packed) === PAGE_ITEM_RANGE) {
      text += `, ${page} ${low}+${high}`;
      record.position += high;
    } else if (pageItemType(packed) === PAGE_ITEM_IMAGE) {
      text += `, ${page} image 0..${low} ${high}..${PAGE_SIZE}`;
      record.position += low + PAGE_SIZE - high;
    } else if (pageItemType(packed) === PAGE_ITEM_NOTE) text += `, ${page} slot ${low} note ${high}`;
    else text += `, ${page} init kind ${high & 255}`;
  }
  return text.replace(',', ':');
}

function hex(lsn: number): string {
  return lsn.toString(16).padStart(12, '0');
}
