package config_test

import "testing"

func TestServicesHaveTheirOwnNameAndCookie(t *testing.T) {
	t.Parallel()
	c := parse(t, "services:\n  adminSession: {lifetime: 5m}\n  api-v2:\n", nil)
	admin, api := c.Services["adminSession"], c.Services["api-v2"]
	if len(c.Services) != 2 || admin.Name != "adminSession" || admin.Cookie.Name != "__Host-adminSession" || admin.Lifetime.Minutes() != 5 {
		t.Errorf("Services: got %+v, want adminSession with a lifetime of 5m and its own cookie", c.Services)
	}
	if api.Name != "api-v2" || api.Cookie.Name != "__Host-api-v2" || api.Lifetime.Hours() != 1 {
		t.Errorf("Services: got %+v, want api-v2 with the defaults", api)
	}
}

func TestServicesThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{
		{
			"the main one among the others", "services:\n  session: {}\n",
			`gyrfalcon.yaml:2:3: services.session: the service named "session" stands under session:, not here | session: {}`,
		},
		{
			"a name that fits into no cookie", "services:\n  admin session: {}\n",
			`gyrfalcon.yaml:2:3: services."admin session": a service's name is a letter and then letters, digits, _, . and -, at most 64 in all | admin session: {}`,
		},
		{
			"two with one cookie", "session:\n  interop: php\nservices:\n  admin:\n    interop: php\n",
			`gyrfalcon.yaml:4:3: services.admin.cookie.name: "PHPSESSID" is the cookie of the service "session" already; give this one another name | admin:`,
		},
		{
			"two with one cookie, by name", "services:\n  a: {cookie: {name: x}}\n  b: {cookie: {name: x}}\n",
			`gyrfalcon.yaml:3:22: services.b.cookie.name: "x" is the cookie of the service "a" already; give this one another name | b: {cookie: {name: x}}`,
		},
		{
			"no mapping", "services: [a, b]\n",
			`gyrfalcon.yaml:1:11: services: wants a mapping, not a list | services: [a, b]`,
		},
	})
}
