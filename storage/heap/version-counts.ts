/**
 * How many old versions of which relation the pages of the version store hold: for statistics, and in memory only.
 *
 * A page holds versions of a few relations: a list of them with their counts for each page costs a short search a version. The
 * sums by relation are brought up to date a page at a time.
 */
import { LazyMap } from '../../types/lazy-map.ts';

class PageCounts {
  readonly relIds: number[] = [];
  readonly counts: number[] = [];
}

export class VersionCounts {
  private readonly pages: (PageCounts | undefined)[] = [];
  /** Of all pages but the one noted last. */
  private readonly sums = new LazyMap<number, number>();
  private lastPage = -1;
  private last = new PageCounts();

  /** A version of the relation was put into the page. */
  note(pageNo: number, relId: number): void {
    if (pageNo !== this.lastPage) this.turnTo(pageNo);
    const { relIds, counts } = this.last;
    for (let i = 0; i < relIds.length; i++) {
      if (relIds[i] === relId) {
        counts[i]++;
        return;
      }
    }
    relIds.push(relId);
    counts.push(1);
  }

  clear(): void {
    this.pages.length = 0;
    this.sums.clear();
    this.lastPage = -1;
    this.last = new PageCounts();
  }

  private turnTo(pageNo: number): void {
    this.addSums(this.last, 1);
    this.last = this.pages[pageNo] ?? new PageCounts();
    this.addSums(this.last, -1);
    this.pages[pageNo] = this.last;
    this.lastPage = pageNo;
  }

  /** The page's versions are gone. */
  forget(pageNo: number): void {
    if (pageNo === this.lastPage) {
      this.lastPage = -1;
      this.last = new PageCounts();
    } else this.addSums(this.pages[pageNo], -1);
    this.pages[pageNo] = undefined;
  }

  /** Versions of the relation. */
  of(relId: number): number {
    return (this.sums.get(relId) ?? 0) + countIn(this.last, relId);
  }

  /** Those in a page. */
  ofPage(relId: number, pageNo: number): number {
    return countIn(this.pages[pageNo], relId);
  }

  private addSums(page: PageCounts | undefined, sign: number): void {
    if (page === undefined) return;
    for (let i = 0; i < page.relIds.length; i++) {
      const sum = (this.sums.get(page.relIds[i]) ?? 0) + sign * page.counts[i];
      if (sum === 0) this.sums.delete(page.relIds[i]);
      else this.sums.set(page.relIds[i], sum);
    }
  }
}

function countIn(page: PageCounts | undefined, relId: number): number {
  const at = page?.relIds.indexOf(relId) ?? -1;
  return at < 0 ? 0 : page!.counts[at];
}
