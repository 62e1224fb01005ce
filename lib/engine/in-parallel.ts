/**
 * Does the same for each input, no more than `atOnce` at the same time. The outputs are in the order of the inputs.
 *
 * @throws what the first that fails throws; what comes after it in line is then not begun
 */
export async function inParallel<In, Out>(
  inputs: readonly In[],
  atOnce: number,
  work: (input: In) => Promise<Out>,
): Promise<Out[]> {
  const outputs: Out[] = [];
  for (let first = 0; first < inputs.length; first += atOnce) {
    outputs.push(...(await Promise.all(inputs.slice(first, first + atOnce).map(work))));
  }
  return outputs;
}
