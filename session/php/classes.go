package php

import "strings"

// checkClass says whether PHP takes the name for a class's, and unserializes objects
// of such.
func checkClass(name string) error {
	if !isName(name) || name[0] == '\\' {
		return errMalformed
	}
	if unserializable[strings.ToLower(name)] {
		return errClass
	}
	return nil
}

// isName says whether PHP takes it for the name of a class.
func isName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c < 0x7f && c != '_' && c != '\\' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return name != ""
}

// unserializable are the classes, in lower case, at an object of which unserialize throws
// whatever is in it, out of session_start: the application gets an error page for each
// request of such a session. They are those of PHP 8.2 and of the extensions in its
// source, as it says itself.
var unserializable = setOf(
	// What PHP makes with ZEND_ACC_NOT_SERIALIZABLE.
	`closure fiber generator internaliterator sensitiveparametervalue weakmap weakreference random\engine\secure`,
	`reflectionattribute reflectionclass reflectionclassconstant reflectionenum reflectionenumbackedcase reflectionenumunitcase
	reflectionextension reflectionfiber reflectionfunction reflectionfunctionabstract reflectiongenerator reflectionintersectiontype
	reflectionmethod reflectionnamedtype reflectionobject reflectionparameter reflectionproperty reflectionreference reflectiontype
	reflectionuniontype reflectionzendextension`,
	`directoryiterator filesystemiterator globiterator recursivedirectoryiterator splfileinfo splfileobject spltempfileobject`,

	// The same in its extensions.
	`addressinfo curlfile curlhandle curlmultihandle curlsharehandle deflatecontext ffi ffi\cdata ffi\ctype finfo ftp\connection gdfont
	gdimage inflatecontext ldap\connection ldap\result ldap\resultentry opensslasymmetrickey opensslcertificate
	opensslcertificatesigningrequest pdo pdorow pdostatement pgsql\connection pgsql\lob pgsql\result phar phardata pharfileinfo shmop
	socket sqlite3 sqlite3result sqlite3stmt sysvmessagequeue sysvsemaphore sysvsharedmemory`,
	`domattr domcdatasection domcharacterdata domcomment domdocument domdocumentfragment domdocumenttype domelement domentity
	domentityreference domnamespacenode domnode domnotation domprocessinginstruction domtext domxpath simplexmlelement
	simplexmliterator xmlparser`,
	`collator intlbreakiterator intlcalendar intlcodepointbreakiterator intldateformatter intldatepatterngenerator
	intlgregoriancalendar intliterator intlpartsiterator intlrulebasedbreakiterator intltimezone messageformatter numberformatter
	resourcebundle spoofchecker transliterator uconverter`,

	// Interfaces and abstract classes, of which there can be no object.
	`arrayaccess backedenum countable datetimeinterface domchildnode domparentnode filteriterator iterator iteratoraggregate
	jsonserializable outeriterator random\cryptosafeengine random\engine recursivefilteriterator recursiveiterator reflector
	seekableiterator serializable sessionhandlerinterface sessionidinterface sessionupdatetimestamphandlerinterface splheap
	splobserver splsubject stringable throwable traversable unitenum`,
)

func setOf(words ...string) map[string]bool {
	set := map[string]bool{}
	for _, line := range words {
		for word := range strings.FieldsSeq(line) {
			set[word] = true
		}
	}
	return set
}
