// The "how" of a rollout that first goes to the group "Canary screens" and, without soaking, to everybody else.
export async function canaryFirst(page) {
  await page.getByText('My own', { exact: true }).click();
  const first = page.getByRole('group', { name: 'Wave 1' });
  await first.getByRole('combobox', { name: 'Size' }).click();
  await page.getByRole('option', { name: 'groups', exact: true }).click();
  await first.getByRole('combobox', { name: 'Amount' }).click({ force: true }); // the field itself lies below its pills
  await page.getByRole('option', { name: 'Canary screens' }).click();
  await page.keyboard.press('Escape');
  await first.getByLabel('Soak, minutes').fill('0');
  for (let waves = await page.getByRole('group', { name: /^Wave / }).count(); waves > 1; --waves) {
    await page.getByRole('button', { name: `Remove wave ${waves}` }).click();
  }
}
