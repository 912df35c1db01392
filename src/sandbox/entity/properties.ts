/** The properties that exist here, with the type of their values. */
export const PROPERTIES: Record<string, { label: string; datatype: string; valueType: string }> = {
  P18: { label: 'image', datatype: 'commonsMedia', valueType: 'string' },
  P31: { label: 'instance of', datatype: 'wikibase-item', valueType: 'wikibase-entityid' },
  P180: { label: 'depicts', datatype: 'wikibase-item', valueType: 'wikibase-entityid' },
  P373: { label: 'Commons category', datatype: 'string', valueType: 'string' },
  P569: { label: 'date of birth', datatype: 'time', valueType: 'time' },
  P570: { label: 'date of death', datatype: 'time', valueType: 'time' },
  P2677: { label: 'relative position within image', datatype: 'string', valueType: 'string' },
};
