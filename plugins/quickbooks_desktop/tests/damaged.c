/* damaged.c - the fuzzers' entry, over every cut and a good many changes of messages that are well. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct seed {
	unsigned char first;
	const char *text;
} seeds[] = {
#ifdef SEEDS_OF_VISIT
	{ 0, "<s:Envelope xmlns:s=\"x\"><s:Body><authenticate xmlns=\"http://developer.intuit.com/\"><strUserName>acme.books</strUserName>"
	     "<strPassword>sesame</strPassword></authenticate></s:Body></s:Envelope>" },
	{ 0, "<Envelope><Body><sendRequestXML><ticket>{01234567-89ab-cdef-0123-456789abcdef}</ticket><strHCPResponse>&lt;QBXML&gt;"
	     "&lt;QBXMLMsgsRs&gt;&lt;HostQueryRs&gt;&lt;HostRet&gt;&lt;Country&gt;US&lt;/Country&gt;&lt;/HostRet&gt;&lt;/HostQueryRs&gt;"
	     "&lt;CompanyQueryRs&gt;&lt;CompanyRet&gt;&lt;CompanyName&gt;Acme Mugs LLC&lt;/CompanyName&gt;&lt;/CompanyRet&gt;"
	     "&lt;/CompanyQueryRs&gt;&lt;PreferencesQueryRs&gt;&lt;PreferencesRet/&gt;&lt;/PreferencesQueryRs&gt;&lt;/QBXMLMsgsRs&gt;"
	     "&lt;/QBXML&gt;</strHCPResponse><qbXMLCountry>US</qbXMLCountry></sendRequestXML></Body></Envelope>" },
	{ 1, "<Envelope><Body><receiveResponseXML><ticket>{01234567-89ab-cdef-0123-456789abcdef}</ticket><response/>"
	     "<hresult>0x80040400</hresult><message>x</message></receiveResponseXML></Body></Envelope>" },
	{ 0x81 + 3, "<?xml version=\"1.0\" ?>\n<QBXML><QBXMLMsgsRs><!-- x --><ARs requestID=\"r-1\" statusCode=\"0\"><b>&amp;</b></ARs>"
	     "</QBXMLMsgsRs></QBXML>" },
	{ 0x82 + 3, "<QBXML><QBXMLMsgsRs messageSetStatusCode=\"9002\" newMessageSetID=\"x\"><BRs requestID=\"w-1\"/></QBXMLMsgsRs></QBXML>" },
#else
	{ 0, "<InvoiceQueryRs requestID=\"x\" statusCode=\"0\" iteratorRemainingCount=\"0\"><InvoiceRet><TxnID>1-1</TxnID><TimeModified>"
	     "2026-11-17T09:00:00-08:00</TimeModified><CustomerRef><ListID>8-1</ListID></CustomerRef><InvoiceLineRet><TxnLineID>A</TxnLineID>"
	     "<Desc>&lt;\"\\&#233;&#10;</Desc></InvoiceLineRet><InvoiceLineGroupRet><TxnLineID>B</TxnLineID><ItemGroupRef/><InvoiceLineRet>"
	     "<TxnLineID>C</TxnLineID></InvoiceLineRet></InvoiceLineGroupRet></InvoiceRet></InvoiceQueryRs>" },
	{ 1, "<ItemQueryRs requestID=\"x\" statusCode=\"0\" retCount=\"5000\" iteratorRemainingCount=\"3\" iteratorID=\"{1}\"><ItemSalesTaxGroupRet>"
	     "<ListID>8-1</ListID><Name>T</Name><ItemSalesTaxRef><FullName>A</FullName></ItemSalesTaxRef></ItemSalesTaxGroupRet></ItemQueryRs>" },
	{ 2, "<TxnDeletedQueryRs statusCode=\"0\"><TxnDeletedRet><TxnDelType>Invoice</TxnDelType><TxnID>1</TxnID><TimeDeleted>"
	     "2026-11-17T09:00:00</TimeDeleted></TxnDeletedRet></TxnDeletedQueryRs>" },
	{ 3, "<CustomerQueryRs statusCode=\"500\"><CustomerRet><ListID>8-1</ListID><Sublevel>-0</Sublevel></CustomerRet></CustomerQueryRs>" },
	{ 4, "<ItemQueryRs statusCode=\"0\"><ItemServiceRet><ListID>8-1</ListID><Name>Mug</Name></ItemServiceRet></ItemQueryRs>" },
	{ 5, "<InvoiceModRs statusCode=\"0\"><ErrorRecovery><TxnID>8-1</TxnID></ErrorRecovery></InvoiceModRs>" },
	{ 5, "<InvoiceQueryRs statusCode=\"0\"><InvoiceRet><TxnID>8-1</TxnID><EditSequence>5</EditSequence><InvoiceLineRet><TxnLineID>A"
	     "</TxnLineID><ItemRef><ListID>8-2</ListID></ItemRef></InvoiceLineRet></InvoiceRet></InvoiceQueryRs>" },
#endif
};

static uint32_t chance = 12345;

static uint32_t dice(uint32_t sides)
{
	chance = chance * 1664525 + 1013904223;
	return (chance >> 8) % sides;
}

int main(void)
{
	static const char odd[] = "<>&\"'/=;\0\x01\xff\xc3 9{";

	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
		size_t len = 1 + strlen(seeds[i].text);
		uint8_t *bytes = malloc(len), *changed = malloc(len);

		bytes[0] = seeds[i].first;
		memcpy(bytes + 1, seeds[i].text, len - 1);
		for (size_t cut = 0; cut <= len; cut++)
			LLVMFuzzerTestOneInput(bytes, cut);
		for (unsigned round = 0; round < 1500; round++) {
			memcpy(changed, bytes, len);
			for (unsigned k = 0; k <= dice(3); k++)
				changed[dice((uint32_t)len)] = (uint8_t)odd[dice(sizeof odd)];
			LLVMFuzzerTestOneInput(changed, len);
		}
		free(bytes);
		free(changed);
	}
	printf("%zu messages, cut and changed\n", sizeof seeds / sizeof *seeds);
	return 0;
}
