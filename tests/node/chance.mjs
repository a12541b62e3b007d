/* Chance from a seed, so that a game can be played again. */

/** Random numbers below 1 from a seed (mulberry32). */
export function randomFrom(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Chance {
  constructor(seed) {
    this.random = randomFrom(seed);
  }

  under(p) {
    return this.random() < p;
  }

  /** A whole number of 0 … n - 1. */
  below(n) {
    return Math.floor(this.random() * n);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** One of the names of an object, as often as its number says. */
  weighed(weights) {
    let at = this.random() * Object.values(weights).reduce((sum, one) => sum + one, 0);
    for (const [name, weight] of Object.entries(weights)) {
      at -= weight;
      if (at < 0) return name;
    }
    return Object.keys(weights).at(-1);
  }
}
