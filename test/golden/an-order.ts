// The input of the order example, as its golden workflows send it.
export const anOrder = {
  orderId: "A-1",
  customer: "ada@example.com",
  lines: [
    { sku: "tea", quantity: 2, unitCents: 250 },
    { sku: "cup", quantity: 1, unitCents: 200 },
  ],
  coolOff: "10s",
};
