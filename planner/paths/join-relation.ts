/** A set of relations that are joined, with its paths; and how two of them may be joined. */
import type { ComponentSets } from './join-conditions.ts';
import { NO_RELS, type SpecialJoin } from './join-problem.ts';
import { cheapest, type Path, type RelSet } from './path.ts';

/** How two sets may be joined. */
export interface JoinKind {
  readonly special: SpecialJoin | null;
  /** The special join's right side is the first set. */
  readonly reversed: boolean;
}

/** The path of an inner side that needs something of the outer one. */
export interface DependentPath {
  readonly path: Path;
  /** `path.required` within the component; -1: the set has not entered one. */
  readonly needed: number;
}

/** Its paths are all there before it is joined with another. */
export class JoinRelation {
  readonly mask: RelSet;
  readonly rows: number;
  readonly paths: Path[] = [];
  /** Base relations that some condition connects with this set. */
  readonly neighbours: RelSet;
  /** The set and its neighbours as dynamic programming counts them; 0: it has not met this set. */
  inComponent = 0;
  nearComponent = 0;
  private component: ComponentSets | null = null;
  private freePaths: readonly Path[] | null = null;
  private dependentPaths: readonly DependentPath[] | null = null;
  private cheapestPath: Path | null = null;

  constructor(mask: RelSet, rows: number, neighbours: RelSet) {
    this.mask = mask;
    this.rows = rows;
    this.neighbours = neighbours;
  }

  enter(component: ComponentSets): void {
    this.component = component;
    this.inComponent = component.setOf(this.mask);
    this.nearComponent = component.setOf(this.neighbours);
  }

  /** Paths that need nothing. */
  get free(): readonly Path[] {
    this.freePaths ??= this.paths.filter((path) => path.required === NO_RELS);
    return this.freePaths;
  }

  get cheapestFree(): Path | null {
    if (this.cheapestPath === null && this.free.length > 0) this.cheapestPath = cheapest(this.free);
    return this.cheapestPath;
  }

  get dependent(): readonly DependentPath[] {
    this.dependentPaths ??= this.paths
      .filter((path) => path.required !== NO_RELS)
      .map((path) => ({ path, needed: this.component?.setOf(path.required) ?? -1 }));
    return this.dependentPaths;
  }

  /** Whether this set, as the outer side, gives the path all that it needs. */
  provides({ path, needed }: DependentPath): boolean {
    if (needed >= 0 && this.inComponent !== 0) return (needed & ~this.inComponent) === 0;
    return (path.required & ~this.mask) === NO_RELS;
  }
}
