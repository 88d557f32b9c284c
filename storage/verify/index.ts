export { describeProblem, type Problem, type VerifyCounts, VerifyReport } from './report.ts';
export { type VerifyOptions, verifyDirectory } from './verify.ts';
export type { PageAccess, RowCheck } from './verify-pages.ts';
