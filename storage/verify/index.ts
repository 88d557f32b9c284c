export { describeProblem, VerifyReport } from './report.ts';
export { verifyDirectory } from './verify.ts';
export type { PageAccess, RowCheck } from './verify-pages.ts';
