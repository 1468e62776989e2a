/** A wait that can be cut short. A ring while nobody waits cuts the next wait short. */
export interface Alarm {
  ring(): void;
  /** True when it was rung, false when the time was up. */
  wait(ms: number): Promise<boolean>;
}

export function makeAlarm(): Alarm {
  let rung = false;
  let wake = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    async wait(ms) {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms).unref();
        wake = resolve;
        await promise;
        clearTimeout(timer);
      }
      const wasRung = rung;
      rung = false;
      return wasRung;
    },
  };
}
