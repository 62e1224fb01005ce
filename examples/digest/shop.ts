// Stands in for the shop's table of sales and for the mail provider, who drops what it has had under the same key.
const sent = new Map<string, string>();

export const sales = { of: (day: string) => Number(day.slice(8)) };

export const mail = {
  send: (to: string, text: string, key: string) => void sent.set(key, `${to} ${text}`),
  all: () => [...sent.values()],
  reset: () => sent.clear(),
};
