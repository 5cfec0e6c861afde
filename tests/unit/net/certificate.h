/* certificate.h - a certificate that signs itself, made for one test. */
#ifndef TEST_CERTIFICATE_H
#define TEST_CERTIFICATE_H

/* P-256, for 127.0.0.1 and localhost, its own CA; name is its subject.  Writes dir/name.pem and
 * dir/name.key. */
void make_certificate(const char *dir, const char *name);

#endif
