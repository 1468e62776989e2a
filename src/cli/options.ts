import { InvalidArgumentError } from "commander";

/** For commander: a whole number of at least 1 and at most `most`. */
export function wholeNumber(most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (number < 1 || number > most) throw new InvalidArgumentError(`It takes a whole number from 1 to ${most}.`);
    return number;
  };
}
