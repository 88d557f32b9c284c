/** pg_extension, and what could be in it. */
import { AVAILABLE_EXTENSIONS } from '../extensions/available.ts';
import type { Row, RowMaker, ViewContext } from './view-context.ts';

export const EXTENSION_CLASS = 3079;

function* pgExtension({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, name, owner, schemaOid, version } of catalog.extensions())
    yield { oid, extname: name, extowner: owner, extnamespace: schemaOid, extrelocatable: true, extversion: version };
}

function* pgAvailableExtensions({ catalog }: ViewContext): Iterable<Row> {
  for (const { name, version, comment } of AVAILABLE_EXTENSIONS.values())
    yield {
      name,
      default_version: version,
      installed_version: catalog.extensionByName(name)?.version ?? null,
      comment,
    };
}

function* pgAvailableExtensionVersions({ catalog }: ViewContext): Iterable<Row> {
  for (const { name, version, comment, isTrusted } of AVAILABLE_EXTENSIONS.values())
    yield {
      name,
      version,
      installed: catalog.extensionByName(name) !== undefined,
      superuser: true,
      trusted: isTrusted,
      relocatable: true,
      comment,
    };
}

export const extensionMakers: Readonly<Record<string, RowMaker>> = {
  pg_extension: pgExtension,
  pg_available_extensions: pgAvailableExtensions,
  pg_available_extension_versions: pgAvailableExtensionVersions,
};
