package app

import (
	"net/http"
	"strconv"

	"gyrfalcon/session"
)

// mostOfOne is how many of one product a visitor can put into the basket.
const mostOfOne = 99

// basket is the session's bag in which each product is a member, with how many of it.
// Two requests that put different things into it both win.
const basket = "basket"

// line is one product in the basket.
type line struct {
	product
	Quantity int
	Sum      int // pence
}

type lines []line

func (l lines) items() int {
	n := 0
	for _, one := range l {
		n += one.Quantity
	}
	return n
}

func (l lines) total() int {
	sum := 0
	for _, one := range l {
		sum += one.Sum
	}
	return sum
}

// basketOf returns what is in the visitor's basket, in the catalogue's order. What is
// no longer sold is left out.
func basketOf(v *session.Session) (lines, error) {
	bag := v.Bag(basket)
	var all lines
	for _, p := range catalogue {
		n, err := session.Get[int](bag, p.ID)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			all = append(all, line{p, n, n * p.Price})
		}
	}
	return all, nil
}

func (s *Site) showBasket(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	all, err := basketOf(v)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "basket", "Your basket", struct {
		Lines lines
		Total int
		Most  int
	}{all, all.total(), mostOfOne})
}

// addToBasket puts one more of a product into the basket. Update is told what is there
// even if another request put it there a moment ago.
func (s *Site) addToBasket(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	p, err := chosen(r)
	if err != nil {
		return err
	}
	bag := v.Bag(basket)
	n, err := session.Get[int](bag, p.ID)
	if err != nil {
		return err
	}
	if n >= mostOfOne {
		err = v.Flash().Warning(p.Name + ": " + strconv.Itoa(mostOfOne) + " are in your basket already, which is as many as we sell at once.")
	} else if _, err = session.Update(bag, p.ID, func(n int) int { return min(n+1, mostOfOne) }); err == nil {
		err = v.Flash().Success(p.Name + ": one more is in your basket.")
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, "/")
}

// changeBasket sets how many of a product there are; none removes it.
func (s *Site) changeBasket(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	p, err := chosen(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PostForm.Get("quantity"))
	switch {
	case err != nil || n < 0 || n > mostOfOne:
		err = v.Flash().Error(p.Name + ": give a number from 0 to " + strconv.Itoa(mostOfOne) + ". Your basket is as it was.")
	case n == 0:
		err = s.drop(v, p)
	default:
		if err = v.Bag(basket).Set(p.ID, n); err == nil {
			err = v.Flash().Success(p.Name + ": there are " + strconv.Itoa(n) + " in your basket now.")
		}
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, "/basket")
}

func (s *Site) removeFromBasket(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	p, err := chosen(r)
	if err != nil {
		return err
	}
	if err := s.drop(v, p); err != nil {
		return err
	}
	return seeOther(w, r, "/basket")
}

func (s *Site) drop(v *session.Session, p *product) error {
	if err := v.Bag(basket).Remove(p.ID); err != nil {
		return err
	}
	return v.Flash().Notice(p.Name + ": taken out of your basket.")
}

// chosen returns the product that the form names.
func chosen(r *http.Request) (*product, error) {
	p := findProduct(r.PostForm.Get("product"))
	if p == nil {
		return nil, refusal(http.StatusBadRequest)
	}
	return p, nil
}
