/** Which extractor serves a column of an inverted index. */
import { invertedClassOf } from '../../catalog/inverted-classes.ts';
import { baseTypeOid, typeByOid } from '../../types/index.ts';
import { arrayOps } from './array-terms.ts';
import type { TermExtractor } from './extractor.ts';
import { HSTORE_OPS } from './hstore-terms.ts';
import { JSONB_OPS, JSONB_PATH_OPS } from './jsonb-terms.ts';
import { TRIGRAM_OPS } from './trigram-terms.ts';
import { TSVECTOR_OPS } from './tsvector-terms.ts';

export function extractorOf(typeOid: number, className: string | undefined): TermExtractor {
  const base = baseTypeOid(typeOid);
  const item = invertedClassOf(base, className);
  switch (item?.name) {
    case 'array_ops':
      return arrayOps(typeByOid(base)?.elementOid ?? 0);
    case 'jsonb_ops':
      return JSONB_OPS;
    case 'jsonb_path_ops':
      return JSONB_PATH_OPS;
    case 'tsvector_ops':
      return TSVECTOR_OPS;
    case 'gin_trgm_ops':
      return TRIGRAM_OPS;
    case 'gin_hstore_ops':
      return HSTORE_OPS;
    default:
      throw new Error(`no extractor for type ${typeOid} and operator class ${className}`);
  }
}
