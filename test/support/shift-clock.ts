// Sets this process's clock wrong by so many milliseconds, as that of another machine may be. Timers are not concerned.
const offsetMs = Number(process.env.FAIRLEAD_TEST_CLOCK_OFFSET_MS ?? 0);

if (offsetMs !== 0) {
  const RealDate = Date;
  class ShiftedDate extends RealDate {
    constructor(...given: unknown[]) {
      // Date's own constructor tells by how many arguments there are.
      super(...((given.length === 0 ? [RealDate.now() + offsetMs] : given) as [number]));
    }

    static override now(): number {
      return RealDate.now() + offsetMs;
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor;
}
