/** What all databases of a server share: roles, databases and their settings. */
import type { CatalogChange, SharedCatalog } from '../catalog/index.ts';

export class SharedRuntime {
  catalog: SharedCatalog;

  constructor(catalog: SharedCatalog) {
    this.catalog = catalog;
  }

  apply(changes: readonly CatalogChange[]): void {
    this.catalog = this.catalog.apply(changes);
  }
}
