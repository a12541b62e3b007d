/* Whole numbers as they are sent by the hundred thousand: five bits to a letter, the lowest first (data/letters.py). */

const FIRST = 63;
const MORE = 32;

/** Letters as an array of numbers, up to 2^53. */
export function numbersOf(letters) {
  const numbers = [];
  let value = 0;
  let unit = 1;
  for (let i = 0; i < letters.length; i += 1) {
    const bits = letters.charCodeAt(i) - FIRST;
    value += (bits % MORE) * unit; // no shifts: the number of a cell has 38 bits
    if (bits < MORE) {
      numbers.push(value);
      value = 0;
      unit = 1;
    } else unit *= MORE;
  }
  return numbers;
}
