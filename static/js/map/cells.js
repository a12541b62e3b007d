/* Cells of a heatmap as they are sent: in steps from one z-order number to the next, since those are small. */

import { numbersOf } from "./letters.js";

const LOW = 2 ** 24; // bits are taken apart as 32-bit numbers, and the number of a cell has 38

/** Every other bit of a number below 2^24, moved together. */
function halved(bits) {
  let n = bits & 0x555555;
  n = (n | (n >> 1)) & 0x333333;
  n = (n | (n >> 2)) & 0x0f0f0f;
  n = (n | (n >> 4)) & 0x00ff00ff;
  return (n | (n >> 8)) & 0xffff;
}

/**
 * Cells `{zoom, steps, counts, days}` as `{zoom, cells}`: x, y, n, … or, with days, x, y, day, n, … What has `cells`
 * already stays as it is.
 * @param {number[]} told.days day and how many cells it has, in turn; the steps of a day begin anew
 */
export function unpack(told) {
  if (told.steps === undefined) return told;
  const { days, ...rest } = told;
  const [steps, counts] = [numbersOf(told.steps), numbersOf(told.counts)];
  delete rest.steps;
  delete rest.counts;
  const width = days ? 4 : 3;
  const cells = new Int32Array(steps.length * width);
  let [at, turn, left, number] = [0, -2, days ? 0 : steps.length, 0];
  for (let i = 0; i < steps.length; i += 1) {
    while (left === 0) {
      turn += 2;
      left = days[turn + 1];
      number = 0;
    }
    left -= 1;
    number += steps[i];
    const low = number % LOW;
    const high = Math.floor(number / LOW);
    cells[at] = halved(low) + halved(high) * 4096;
    cells[at + 1] = halved(low >> 1) + halved(high >> 1) * 4096;
    if (days) cells[at + 2] = days[turn];
    cells[at + width - 1] = counts[i];
    at += width;
  }
  return { ...rest, cells };
}
