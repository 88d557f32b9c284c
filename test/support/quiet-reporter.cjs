/** Mocha's reporter for `npm test`: failures in full, then one line of totals that test/run.mjs adds up. */
const Mocha = require('mocha');

module.exports = class QuietReporter extends Mocha.reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      if (this.failures.length > 0) Mocha.reporters.Base.list(this.failures);
      const { passes = 0, pending = 0, failures = 0 } = this.stats;
      // A failed hook is a failure and no test.
      process.stdout.write(`@totals ${passes} ${failures + pending}\n`);
    });
  }
};
