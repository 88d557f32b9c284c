/** What all databases of a server share: roles, databases and their settings; snapshots that sessions hand to each other. */
import type { CatalogChange, SharedCatalog } from '../catalog/index.ts';
import { ExportedSnapshots } from './exported-snapshots.ts';

export class SharedRuntime {
  catalog: SharedCatalog;
  readonly exportedSnapshots = new ExportedSnapshots();

  constructor(catalog: SharedCatalog) {
    this.catalog = catalog;
  }

  apply(changes: readonly CatalogChange[]): void {
    this.catalog = this.catalog.apply(changes);
  }
}
