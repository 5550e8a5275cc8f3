/** One answer that is being read. */
export interface Reading extends Disposable {
  /** @throws Error when this answer has to give way to the others */
  add(bytes: number): void;
}

/** Memory for all answers that are being read at once. */
export interface AnswerBudget {
  /** @param giveWay ends the reading of this answer at once; it is told so when it waits for more */
  begin(giveWay: (reason: Error) => void): Reading;
}

/** Fifty listings of honest hosts at once, each with some thousand packages. */
const BUDGET_BYTES = 64 * 1024 * 1024;

/** The greediest gives way: so a few hosts that send all they may, or drip for ever, take nothing from the others. */
export function createAnswerBudget(limitBytes: number = BUDGET_BYTES): AnswerBudget {
  const readings = new Map<Reading, { bytes: number; readonly giveWay: (reason: Error) => void }>();
  let totalBytes = 0;
  const end = (reading: Reading): void => {
    totalBytes -= readings.get(reading)?.bytes ?? 0;
    readings.delete(reading);
  };
  const greediest = () => [...readings].reduce((most, one) => (one[1].bytes > most[1].bytes ? one : most));
  return {
    begin(giveWay) {
      const own = { bytes: 0, giveWay };
      const reading: Reading = {
        add(bytes) {
          if (!readings.has(reading)) throw tooMuch();
          own.bytes += bytes;
          totalBytes += bytes;
          while (totalBytes > limitBytes) {
            const [most, { giveWay: endIt }] = greediest();
            end(most);
            if (most === reading) throw tooMuch();
            endIt(tooMuch());
          }
        },
        [Symbol.dispose]: () => end(reading),
      };
      readings.set(reading, own);
      return reading;
    },
  };
}

function tooMuch(): Error {
  return new Error('its answer is the largest of many that are being read; ask again');
}
